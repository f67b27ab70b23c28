namespace "payments" {
  test "only the payment service sees the card processor" {
    allow payment to card-processor { tcp = [443] }
    deny "nobody-else" {
      from = [gateway, order, inventory, ledger]
      to   = [card-processor]
    }
  }

  test "the payment service goes nowhere else" {
    deny "elsewhere" {
      from      = [payment]
      to        = [cluster]
      except_to = [self, dns]
    }
    deny payment to order {}
    deny payment to gateway {}
  }

  test "the ledger is read by one service" {
    allow payment to ledger { tcp = [5432] }
    deny "everybody-else" {
      from   = [cluster, world]
      except = [payment]
      to     = [ledger]
      tcp    = any
    }
  }

  test "customers do not get past the gateway" {
    deny "straight-in" {
      from = ["ingress.controller", world]
      to   = [order, inventory, payment, ledger]
    }
  }
}
