namespace "api" {
  test "callers do not reach the admin interface" {
    deny edge to catalogue {
      tcp  = [8080]
      http = ["* /admin/**"]
    }
    deny anywhere to edge {
      except = [nodes]
      tcp    = [8080]
      http   = ["DELETE /v1/**"]
    }
  }

  test "the importer says who it is" {
    allow importer to catalogue {
      tcp = [8080]
      http = [{
        methods = ["PUT"]
        paths   = ["/admin/products/42"]
        headers = { "x-api-client" = "importer" }
      }]
    }
    deny importer to catalogue {
      tcp = [8080]
      http = [{
        methods = ["PUT"]
        paths   = ["/admin/**"]
        headers = { "x-api-client" = absent }
      }]
    }
  }

  test "the catalogue reads prices and does not set them" {
    allow catalogue to pricing {
      tcp  = [9000]
      grpc = ["pricing.v1.Prices/Get"]
    }
    deny catalogue to pricing {
      tcp  = [9000]
      grpc = ["pricing.v1.Prices/Set"]
    }
  }
}
