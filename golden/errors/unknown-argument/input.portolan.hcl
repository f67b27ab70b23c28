namespace "shop" {
  default-deny = "both" # want P1102 "There is no argument \"default-deny\""
  workload "web" {
    label = { app = "web" } # want P1102 "There is no argument \"label\""
    service_account = "web"
  }
  allow web to cluster {
    udpp = [53] # want P1102 "There is no argument \"udpp\""
    color = "red" # want P1102 "There is no argument \"color\""
  }
  test "a test has no mode" {
    deny world to web { mode = "staged" } # want P1102 "There is no argument \"mode\""
  }
}
cluster {
  dns = { port = 5353 } # want P1102 "There is no argument \"dns\""
}
colour = "red" # want P1102 "There is no argument \"colour\" in a configuration"
