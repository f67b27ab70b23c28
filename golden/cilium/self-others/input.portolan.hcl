# self is the namespace, others every other namespace: NotIn with Exists.
namespace "shop" {
  allow self to self {}
  allow others to self { tcp = [80] }
  allow self to others { udp = [4789] }
}
