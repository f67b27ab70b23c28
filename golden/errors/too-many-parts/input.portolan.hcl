# Each of these sets doubles the parts that are left.
namespace "shop" {
  workload "w0" { labels = { a0 = "x", b0 = "y" } }
  workload "w1" { labels = { a1 = "x", b1 = "y" } }
  workload "w2" { labels = { a2 = "x", b2 = "y" } }
  workload "w3" { labels = { a3 = "x", b3 = "y" } }
  workload "w4" { labels = { a4 = "x", b4 = "y" } }
  workload "w5" { labels = { a5 = "x", b5 = "y" } }
  workload "w6" { labels = { a6 = "x", b6 = "y" } }
  workload "w7" { labels = { a7 = "x", b7 = "y" } }
  workload "w8" { labels = { a8 = "x", b8 = "y" } }
  workload "w9" { labels = { a9 = "x", b9 = "y" } }
  workload "w10" { labels = { a10 = "x", b10 = "y" } }
  workload "w11" { labels = { a11 = "x", b11 = "y" } }
  workload "w12" { labels = { a12 = "x", b12 = "y" } }
  workload "w13" { labels = { a13 = "x", b13 = "y" } }
  workload "w14" { labels = { a14 = "x", b14 = "y" } }
  workload "w15" { labels = { a15 = "x", b15 = "y" } }
  allow "rest" { # want P2008 "no bounded form"
    from   = [self]
    except = [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
    to     = [world]
    tcp    = [443]
  }
}
