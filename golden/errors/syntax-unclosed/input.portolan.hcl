namespace "shop" { # want P1010 "unclosed configuration block"
  workload "web" {
    labels = { app = "web" }
  allow web to nothing { tcp = [80] }
}
