portolan {
  required_version = "newest" # want P1113 "no constraint on versions"
}
