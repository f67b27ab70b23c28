namespace "shop" {
  workload "web" {
    labels = { app = "web" tier = "web" } # want P1010 "missing attribute separator"
  }
}
