portolan {
  use = [
    "https://example.com/platform", # want P1114 "no directory"
    "/etc/portolan",                # want P1114 "no directory"
    "..\\platform",                 # want P1114 "no directory"
    "",                             # want P1114 "no directory"
    ".",                            # want P1114 "itself"
    "../nowhere",                   # want P1001 "no such file"
    "main.portolan.hcl",            # want P1001 "is a file"
    "../..",                        # want P1001 "no configuration"
  ]
}
