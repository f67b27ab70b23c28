# Within ambient, connections are always encrypted.
namespace "shop" {
  mtls = "disable" # want P4010 "always encrypted"
}
