// Package ir is Portolan's model of a network policy: a decision program that
// every frontend lifts into and every backend lowers from. It imports only the
// standard library and its own subpackages, and no vendor's word is in it.
//
// A Program has a list of Stages for each direction. A Stage has Levels; in a
// level Deny beats Allow beats Pass, and the first level in which a rule
// matches decides. Allow and Deny are final for the direction, Pass leaves the
// stage. A subject that a stage isolates is denied at its end what nothing
// decided; after the last stage a flow is allowed. A flow passes if the
// source's egress program and the destination's ingress program allow it.
//
// Sets are canonical by construction, and an emptied set never means "any":
// constructors report emptiness, and rules without peers, subjects or traffic
// cannot be made.
package ir
