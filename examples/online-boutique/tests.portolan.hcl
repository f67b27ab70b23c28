namespace "boutique" {
  test "users see the frontend only" {
    allow world to frontend { tcp = [8080] }
    deny "all-else" {
      from      = [world]
      to        = [self]
      except_to = [frontend]
    }
  }

  test "cards are charged at checkout only" {
    allow checkoutservice to paymentservice { tcp = [50051] }
    deny "everybody-else" {
      from   = [cluster]
      except = [checkoutservice]
      to     = [paymentservice]
      tcp    = any
    }
  }

  test "carts are behind the cart service" {
    allow cartservice to redis-cart { tcp = [6379] }
    deny frontend to redis-cart {}
    deny checkoutservice to redis-cart {}
    deny loadgenerator to redis-cart {}
  }

  test "nothing calls out" {
    deny self to world {}
  }

  test "the load generator is a user like any other" {
    allow loadgenerator to frontend { tcp = [8080] }
    deny "past-the-frontend" {
      from      = [loadgenerator]
      to        = [self]
      except_to = [frontend]
    }
  }
}
