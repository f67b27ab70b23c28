issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/keys"
}
external "cards" { fqdns = ["api.cards.example"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow "udp" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    udp  = [8080] # want P1110 "jwt and udp"
    jwt  = "auth"
  }
  allow "names" {
    from = [web]
    to   = [api]
    tcp  = [8443]
    http = ["GET"] # want P1110 "sni and http"
    sni  = ["api.example.com"]
  }
  allow "no-tcp" {
    from   = [web]
    to     = [api]
    client = ["203.0.113.7"] # want P1307 "client restricts tcp"
  }
  allow "no-addresses" {
    from   = [world]
    to     = [api]
    tcp    = [8080]
    client = [cards] # want P1301 "is not known by addresses"
  }
  allow "clients" {
    from   = [world]
    to     = [api]
    tcp    = [8080]
    client = ["203.0.113.7/33"] # want P1309 "is no address range"
  }
  allow "many" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    jwt = { # want P1002 "more than 64 alternatives"
      issuer  = "auth"
      subject = [for i in range(13) : "s${i}"]
      claims  = { role = ["a", "b", "c", "d", "e"] }
    }
  }
}
