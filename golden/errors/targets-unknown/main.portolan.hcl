namespace "shop" {
  targets = ["eu", "su"] # want P1201 "no target \"su\""
  workload "web" { labels = { app = "web" } }
  allow web to office {
    tcp     = [443]
    targets = ["us"]
  }
}
namespace "ops" {
  targets = ["eu"]
  workload "shell" { labels = { app = "shell" } }
  allow shell to office {
    tcp     = [443]
    targets = ["us"] # want P1110 "on no target"
  }
}
external "office" {
  cidrs   = ["192.0.2.0/24"]
  targets = ["us"]
}
target "eu" {
  cni = "cilium"
  external "offices" { cidrs = ["198.51.100.0/24"] } # want P1201 "no external \"offices\""
  external "office" { cidrs = ["198.51.100.0/24"] }  # want P1110 "not on target \"eu\""
}
target "us" {
  cni = "cilium"
  external "office" { cidrs = ["198.51.100.0/24"] }
  external "office" { cidrs = ["203.0.113.0/24"] } # want P1104 "declared twice"
}
