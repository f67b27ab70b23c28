# Both syntaxes in one configuration: a namespace that JSON opens, native syntax reopens.
namespace "shop" {
  allow web to api { tcp = ["http"] }
}
