namespace "games" {
  workload "game" {
    labels = {
      app.kubernetes.io/name = "game"     # want P1012 "app.kubernetes.io/name"
      app                    = 2048-game  # want P1012 "2048-game"
      tier                   = web        # want P1012 "without quotes is a reference"
    }
    ports = { http = 8080 }
  }
  allow cluster to game {
    tcp = [
      8000-8080, # want P1012 "8000-8080"
      8080/tcp,  # want P1012 "8080/tcp"
      http,      # want P1012 "http without quotes"
    ]
    icmp = [3/4] # want P1012 "3/4"
  }
}
