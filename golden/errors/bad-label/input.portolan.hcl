namespace "shop" {
  labels = { "kubernetes.io/metadata.name" = "shop" } # want P1303 "is the control plane's"
  workload "web" {
    labels = {
      "a b"           = "x" # want P1303 "\"a b\" is no key."
      "Example.com/a" = "x" # want P1303 "\"Example.com/a\" is no key."
      app             = "über" # want P1303 "\"über\" is no label value."
      env             = ["ok", "not ok"] # want P1303 "\"not ok\" is no label value."
      tier            = not("-") # want P1303 "\"-\" is no label value."
    }
  }
}
