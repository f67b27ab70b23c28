namespace "checkout" {
  test "the books are written by orders" {
    targets = ["east"]
    allow orders to "ledger.api" { tcp = [8443] }
    deny web to ledger {}
  }

  test "of the other cluster only the auditors get in" {
    targets = ["east"]
    allow "ledger.audit" to orders { tcp = [9092] }
    deny "others" {
      from   = [ledger]
      except = ["ledger.audit"]
      to     = [self]
    }
  }
}
