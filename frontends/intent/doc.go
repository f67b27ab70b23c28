// Package intent is the frontend of the intent language: HCL text in, a
// decision program out.
//
//	namespace "shop" {
//	  workload "web" { labels = { app = "web" } }
//	  workload "db" { labels = { app = "db" } }
//	  allow web to db { tcp = [5432] }
//	}
//
// Load reads text to a Config, in which names are resolved and every value
// keeps its place; Lower gives a Config's meaning. Schema is the one table of
// the language's blocks and arguments, and Format lays files out.
package intent
