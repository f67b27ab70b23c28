// Command portolan compiles an intent, written once in HCL, to the network
// policies of Kubernetes, Calico, Cilium and Istio.
//
//	portolan render --to cilium
package main

import "os"

func main() { os.Exit(run(os.Args[1:], system())) }
