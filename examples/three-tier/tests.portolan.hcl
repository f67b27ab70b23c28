# What must stay true whatever is added to the shop later.
namespace "shop" {
  test "each tier talks to the next one only" {
    allow frontend to backend { tcp = [9000] }
    allow backend to database { tcp = [5432] }
    deny frontend to database {}
    deny backend to frontend {}
    deny database to backend {}
    deny database to frontend {}
  }

  test "only the frontend is public" {
    allow world to frontend { tcp = [8080] }
    deny world to backend {}
    deny world to database {}
  }

  test "nothing leaves the cluster" {
    deny frontend to world {}
    deny backend to world {}
    deny database to world {}
  }

  test "other namespaces reach the frontend and nothing else" {
    allow others to frontend { tcp = [8080] }
    deny others to backend {}
    deny others to database {}
  }
}
