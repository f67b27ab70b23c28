allow cluster to cluster {
  tcp = [80]
  http = [
    "get /api",                   # want P1306 "\"get\" is no HTTP method."
    "/api",                       # want P1306 "\"/api\" has no method."
    "GET api",                    # want P1306 "\"api\" is no path."
    "GET /api*",                  # want P1306 "\"/api*\" is no path."
    "GET /**/x",                  # want P1306 "\"/**/x\" is no path."
    "GET ~/(",                    # want P1306 "\"~/(\" is no path."
    { method = ["GET"] },         # want P1306 "A request has no \"method\"."
    { methods = ["FETCH"] },      # want P1306 "\"FETCH\" is no HTTP method."
    { headers = { "a b" = any } } # want P1303 "\"a b\" is no key."
  ]
  grpc = ["/shop.Cart/Get", "shop.Cart"] # want P1306 "\"/shop.Cart/Get\" is no gRPC method." want P1306 "\"shop.Cart\" is no gRPC method."
}
