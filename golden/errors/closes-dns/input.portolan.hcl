namespace "kube-system" { # want P1111 "closes the namespace of the cluster's DNS"
  workload "coredns" { labels = { k8s-app = "kube-dns" } }
}
