portolan {
  required_version = ">= 2.0" # want P1113 "requires Portolan >= 2.0"
  language         = 2 # want P1113 "version 2 of the language"
}
