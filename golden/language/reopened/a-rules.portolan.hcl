namespace "shop" {
  allow web to api { tcp = [8080] }
}
