test "Prometheus sees every pod, whatever teams close" {
  allow "scrape" {
    from      = ["monitoring.prometheus"]
    to        = [cluster]
    except_to = [monitoring]
    tcp       = [9102]
  }
}

test "no pod reads its node's credentials" {
  deny cluster to instance-metadata { tcp = [80] }
}
