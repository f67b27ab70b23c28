namespace "istio-system" {} # want P1111 "closes the namespace of the root of the mesh"
target "eu" { mesh = "istio" }
