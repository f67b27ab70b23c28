issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "auth.example.com/keys" # want P1325 "is no address of keys"
}
issuer "again" {                      # want P1103 "has no keys"
  issuer = "https://auth.example.com" # want P1104 "are the same"
}
issuer "keys" {
  issuer    = "https://keys.example.com"
  jwks_uri  = "https://keys.example.com/keys"
  jwks      = "{}"      # want P1110 "both jwks_uri and jwks" want P1325 "is no set of keys"
  audiences = ["shop*"] # want P1325 "is no text of a token"
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp = [8080]
    jwt = "aut" # want P1201 "There is no issuer"
  }
  allow "no-issuer" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    jwt  = { subject = "a" } # want P1103 "The token has no issuer"
  }
  allow "texts" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    jwt = {
      issuer    = "auth"
      subject   = "admin*" # want P1325 "is no text of a token"
      audiences = []       # want P1302 "audiences selects nothing"
      claims = {
        "realm..tenant" = any    # want P1325 "is no claim"
        "a[b]"          = any    # want P1325 "is no claim"
        "role"          = "a\"b" # want P1325 "is no text of a token"
      }
      roles = ["a"] # want P1325 "There is no \"roles\" in jwt"
    }
  }
  allow "bare" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    jwt  = auth # want P1012 "is a string"
  }
  allow "number" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    jwt  = [7] # want P1301 "is an issuer or a map"
  }
}
