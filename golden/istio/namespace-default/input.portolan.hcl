# A closed namespace is a policy without rules; egress, closed too, is not the mesh's to govern.
namespace "shop" {
}
