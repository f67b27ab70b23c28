package istio

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/sem"
)

// flow reads "shop/web 80 GET a.example/x": an authenticated pod, or "plain" for
// a pod without a certificate, or an address outside; then a port, then perhaps
// a request. It goes to a pod of shop/api.
func flow(t *testing.T, text string) sem.Flow {
	t.Helper()
	words := strings.Fields(text)
	f := sem.Flow{Protocol: sem.TCP, Destination: sem.Endpoint{
		Namespace: "shop", Labels: map[string]string{"app": "api"}, Meshed: true, Address: netip.MustParseAddr("10.1.0.1"),
	}}
	f.Source = sem.Endpoint{Namespace: "shop", Account: "web", Address: netip.MustParseAddr("10.0.0.1")}
	if ns, account, ok := strings.Cut(words[0], "/"); ok {
		f.Source.Namespace, f.Source.Account, f.Authenticated = ns, account, true
	} else if words[0] != "plain" {
		f.Source = sem.Endpoint{Kind: sem.External, Address: netip.MustParseAddr(words[0])}
	}
	port, err := portOf(words[1])
	if err != nil {
		t.Fatal(err)
	}
	f.Port = port
	if len(words) > 2 {
		host, path, _ := strings.Cut(words[3], "/")
		f.Request = &sem.Request{Method: words[2], Host: host, Target: "/" + path, Headers: map[string]string{}}
	}
	return f
}

// TestTraps holds what is often misread to what Istio makes of it. Flows that
// pass come first, then "no:" those that do not, then "unknown:".
func TestTraps(t *testing.T) {
	const policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: "
	const inRoot = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: r, namespace: istio-system}\nspec: "
	const peer = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: "
	const tokens = "---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: t, namespace: shop}\nspec: {selector: {matchLabels: {app: api}}, jwtRules: [{issuer: a}]}\n"
	const meshWide = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: m, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n"
	const unsetThere = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: ns, namespace: shop}\nspec: {}\n"
	for _, c := range []struct {
		name, engine, text string
		flows              string // one a line
		says               string // part of the one diagnostic; "" for none
	}{
		{"nothing is allowed", "istio", policy + "{}", "no:\n shop/web 80", ""},
		{"no spec is an empty one", "istio", strings.TrimSuffix(policy, "spec: "), "no:\n shop/web 80", ""},
		{"everything is allowed", "istio", policy + "{rules: [{}]}", "plain 80", ""},
		{"lists that are empty ask for nothing", "istio", policy + "{rules: [{from: [], to: [], when: []}]}", "plain 80", ""},
		{"everything is denied", "istio", policy + "{action: DENY, rules: [{}]}", "no:\n shop/web 80", ""},
		{"a policy elsewhere does not close", "istio", strings.Replace(policy, "shop", "other", 1) + "{}", "plain 80", ""},
		{"an allow of the root opens every namespace", "istio", policy + "{}\n---\n" + inRoot + "{rules: [{to: [{operation: {ports: ['80']}}]}]}", "plain 80\nno:\n plain 82", ""},

		{"ztunnel: a deny of requests alone denies nothing", "istio-ambient", policy + "{action: DENY, rules: [{from: [{source: {namespaces: [shop]}}], to: [{operation: {methods: [POST]}}]}]}",
			"shop/web 80 POST a/b", "the rule never matches, and denies nothing"},
		{"ztunnel: a deny of requests to a port denies the port", "istio-ambient", policy + "{action: DENY, rules: [{to: [{operation: {methods: [POST], ports: ['80']}}]}]}",
			"shop/web 82 POST a/b\nno:\n shop/web 80 GET a/b", "as if they were not there"},
		{"ztunnel: an allow of requests allows nothing", "istio-ambient", policy + "{rules: [{to: [{operation: {methods: [POST]}}, {operation: {ports: ['80']}}]}]}",
			"no:\n shop/web 80 POST a/b", "allows nothing"},
		{"ztunnel: a condition on accounts is for proxies", "istio-ambient", policy + "{rules: [{when: [{key: source.serviceAccount, values: [web]}]}]}", "no:\n shop/web 80", "allows nothing"},
		{"ztunnel: trust domains are forgotten", "istio-ambient", policy + "{rules: [{from: [{source: {namespaces: [shop], trustDomains: [good.td]}}]}]}", "shop/web 80\nno:\n dev/web 80", "trustDomains"},
		{"ztunnel: an empty selector selects nothing", "istio-ambient", policy + "{selector: {}}", "plain 80", "selects no pod"},
		{"ztunnel: empty labels select everything", "istio-ambient", policy + "{selector: {matchLabels: {}}}", "no:\n plain 80", ""},
		{"ztunnel: providers are not asked", "istio-ambient", policy + "{action: CUSTOM, provider: {name: opa}, rules: [{}]}", "plain 80", "its provider is not asked"},
		{"ztunnel: one star at an end", "istio-ambient", policy + "{rules: [{from: [{source: {namespaces: ['s*p']}}]}]}", "no:\n shop/web 80", "stands for itself"},
		{"an empty selector selects the namespace", "istio", policy + "{selector: {}}", "no:\n plain 80", ""},

		{"an allow with requests is dropped whole where none are read", "istio", policy + "{rules: [{to: [{operation: {methods: [GET]}}, {operation: {ports: ['81']}}]}]}",
			"shop/web 80 GET a/b\nshop/web 82 GET a/b\nno:\n shop/web 81\n shop/web 81 GET a/b\n shop/web 82", ""},
		{"a deny of paths denies what is not read", "istio", policy + "{action: DENY, rules: [{to: [{operation: {paths: ['/admin*']}}]}]}",
			"shop/web 80 GET a/b\nshop/web 82 GET a/b\nno:\n shop/web 81\n shop/web 81 GET a/b\n shop/web 82\n shop/web 82 GET a/administrator", ""},
		{"not-identities let plaintext in", "istio", policy + "{rules: [{from: [{source: {notNamespaces: [dev]}}]}]}", "plain 80\nshop/web 80\nno:\n dev/web 80", ""},
		{"denied identities come back in plaintext", "istio", policy + "{action: DENY, rules: [{from: [{source: {namespaces: [shop]}}]}]}", "plain 80\nno:\n shop/web 80", ""},
		{"deny unless", "istio", policy + "{action: DENY, rules: [{from: [{source: {notPrincipals: ['*/ns/shop/sa/web']}}]}]}", "shop/web 80\nno:\n plain 80\n shop/api 80", ""},

		{"principals are without their scheme", "istio", policy + "{rules: [{from: [{source: {principals: ['spiffe://cluster.local/ns/shop/sa/web']}}]}]}", "no:\n shop/web 80", "No workload's principal"},
		{"a star in the middle", "istio", policy + "{rules: [{to: [{operation: {paths: ['/a*b']}}]}]}", "plain 80 GET a/a*b\nno:\n plain 80 GET a/axb", "stands for itself"},
		{"two stars are one suffix", "istio", policy + "{rules: [{to: [{operation: {paths: ['*b*']}}]}]}", "plain 80 GET a/b*\nno:\n plain 80 GET a/bc", "stands for itself"},
		{"a suffix is of every namespace", "istio", policy + "{rules: [{from: [{source: {principals: ['*/sa/web']}}]}]}", "shop/web 80\ndev/web 80\nno:\n dev/api 80", ""},
		{"namespaces have stars anywhere", "istio", policy + "{rules: [{from: [{source: {namespaces: ['s*p']}}]}]}", "shop/web 80\nno:\n dev/web 80", ""},
		{"a namespace that ends in the account's segment", "istio", policy + "{rules: [{from: [{source: {namespaces: ['*a']}}]}]}", "dev/web 80", ""},
		{"equal sets of peers, written in two ways", "istio", policy + "{rules: [{from: [{source: {namespaces: ['**']}}, {source: {namespaces: ['*-prod', '*']}}]}]}", "shop/web 80\nno:\n plain 80", ""},
		{"operations apart by patterns of methods only", "istio", policy + "{rules: [{to: [{operation: {methods: ['P*']}}, {operation: {methods: ['*T']}}]}]}", "plain 80 POST a/\nplain 80 GET a/\nno:\n plain 80 HEAD a/", ""},
		{"no connection has port 0", "istio", policy + "{rules: [{to: [{operation: {ports: ['0']}}]}]}", "no:\n plain 80", ""},
		{"a bare account is of the policy's namespace", "istio", inRoot + "{rules: [{from: [{source: {serviceAccounts: [web]}}]}]}", "istio-system/web 80\nno:\n shop/web 80", ""},
		{"a foreign trust domain", "istio", policy + "{rules: [{from: [{source: {principals: ['other.td/ns/shop/sa/web']}}]}]}", "no:\n shop/api 80\nunknown:\n shop/web 80", ""},

		{"paths are whole", "istio", policy + "{rules: [{to: [{operation: {paths: ['/admin']}}]}]}", "plain 80 GET a/admin?x\nno:\n plain 80 GET a/admin/", ""},
		{"the rest needs its slash", "istio", policy + "{rules: [{to: [{operation: {paths: ['/a/{**}']}}]}]}", "plain 80 GET a/a/\nplain 80 GET a/a/b/c\nno:\n plain 80 GET a/a\n plain 80 GET a/a/[", ""},
		{"one segment", "istio", policy + "{rules: [{to: [{operation: {paths: ['/a/{*}/c']}}]}]}", "plain 80 GET a/a/b/c\nno:\n plain 80 GET a/a//c\n plain 80 GET a/a/b/b/c", ""},
		{"hosts have ports and no case", "istio", policy + "{rules: [{to: [{operation: {hosts: [b.foo]}}]}]}", "plain 80 GET B.foo/\nno:\n plain 80 GET b.foo:8080/", ""},
		{"methods in lower case", "istio", policy + "{rules: [{to: [{operation: {methods: [get]}}]}]}", "no:\n plain 80 GET a/", "upper case"},
		{"a port of three digits", "istio", policy + "{rules: [{to: [{operation: {ports: ['080']}}]}]}", "plain 80\nno:\n plain 8080", ""},
		{"ranges are masked", "istio", policy + "{rules: [{from: [{source: {ipBlocks: [192.0.2.7/24], notIpBlocks: [192.0.2.8]}}]}]}", "192.0.2.1 80\nno:\n 192.0.2.8 80\n plain 80", ""},
		{"tokens", "istio", policy + "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}\n" + tokens, "no:\n plain 81\nunknown:\n plain 80 GET a/", "for some of these pods"},
		{"tokens that nothing validates", "istio", policy + "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}", "no:\n plain 81\n plain 80 GET a/", "for these pods"},
		{"tokens of an issuer that nothing validates", "istio", policy + "{selector: {matchLabels: {app: api}}, rules: [{from: [{source: {requestPrincipals: ['b/*']}}]}]}\n" + tokens, "no:\n plain 80 GET a/", "a token of \"b\""},
		{"a deny without a token, where none is validated", "istio", policy + "{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}", "no:\n plain 81\n plain 80 GET a/", "for these pods"},
		{"a token is validated and not required", "istio", policy + "{rules: [{}]}\n" + tokens, "plain 81\n plain 82\nunknown:\n plain 80 GET a/", ""},
		{"ztunnel validates no tokens", "istio-ambient", strings.TrimPrefix(tokens, "---\n"), "plain 80 GET a/", "does nothing"},
		{"clients behind a proxy", "istio", policy + "{rules: [{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}]}]}", "unknown:\n plain 81", ""},

		{"a provider", "istio", policy + "{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {ports: ['80']}}]}]}", "plain 81\nunknown:\n plain 80", ""},
		{"audits decide nothing", "istio", policy + "{action: AUDIT, rules: [{}]}", "plain 80", ""},
		{"a dry run closes nothing", "istio", strings.Replace(policy, "}", ", annotations: {istio.io/dry-run: 'true'}}", 1) + "{}", "plain 80", ""},

		{"strict", "istio", peer + "{mtls: {mode: STRICT}}", "shop/web 80\nno:\n plain 80", ""},
		{"a selector in the root namespace", "istio", strings.Replace(peer, "shop", "istio-system", 1) + "{selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}}", "plain 80", "where Istio ignores it"},
		{"an unset port has its workload's mode", "istio", peer + "{selector: {matchLabels: {app: api}}, mtls: {mode: PERMISSIVE}, portLevelMtls: {'80': {}, '81': {mode: STRICT}}}\n" + meshWide, "plain 80\nplain 82\nno:\n plain 81", ""},
		{"ztunnel: a disabled port stays strict", "istio-ambient", peer + "{selector: {matchLabels: {app: api}}, portLevelMtls: {'80': {mode: DISABLE}}}\n" + meshWide, "no:\n plain 80", "stay strict"},
		{"ztunnel: strict ports under a strict mesh are lost", "istio-ambient", peer + "{selector: {matchLabels: {app: api}}, mtls: {mode: PERMISSIVE}, portLevelMtls: {'80': {mode: STRICT}}}\n" + meshWide, "plain 80", "then take plaintext"},
		{"ztunnel: a namespace without a mode loses the mesh's", "istio-ambient", peer + "{selector: {matchLabels: {app: api}}, portLevelMtls: {'80': {mode: PERMISSIVE}}}\n" + meshWide + unsetThere, "plain 80\nplain 81", "all of its ports"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, diags := lifted(t, c.text, under(t, c.engine))
			if diags.HasErrors() || len(diags) > 1 || c.says == "" && len(diags) > 0 || c.says != "" && (len(diags) == 0 || !strings.Contains(diags[0].Summary, c.says)) {
				t.Errorf("says %v, not %q", diags, c.says)
			}
			for _, d := range diags {
				if d.Range.IsZero() {
					t.Errorf("%v has no place", d)
				}
			}
			want := sem.Allowed
			for _, line := range strings.Split(c.flows, "\n") {
				switch line {
				case "no:":
					want = sem.Denied
				case "unknown:":
					want = sem.Unknown
				default:
					if got := decide(p, flow(t, strings.TrimSpace(line))); got != want {
						t.Errorf("%s: %s, not %s\n%s", line, got, want, p.Text())
					}
				}
			}
		})
	}
}

// TestTrustDomain: "cluster.local" is the mesh's own to a proxy, whatever that
// is called, and a name like others to ztunnel.
func TestTrustDomain(t *testing.T) {
	for engine, want := range map[string]sem.Outcome{"istio": sem.Allowed, "istio-ambient": sem.Unknown} {
		o := under(t, engine)
		o.Inventory.Facts.TrustDomain = "corp.td"
		p, _ := lifted(t, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\n"+
			"spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}", o)
		if got := decide(p, flow(t, "shop/web 80")); got != want {
			t.Errorf("%s: %s, not %s", engine, got, want)
		}
	}
}

// TestRefused: what Istio rejects, what nobody knows, and what Portolan does not
// read are errors with a place.
func TestRefused(t *testing.T) {
	policy := func(spec string) string {
		return "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: " + spec
	}
	request := func(spec string) string {
		return strings.Replace(policy(spec), "AuthorizationPolicy", "RequestAuthentication", 1)
	}
	source := func(s string) string { return policy("{rules: [{from: [{source: " + s + "}]}]}") }
	operation := func(s string) string { return policy("{rules: [{to: [{operation: " + s + "}]}]}") }
	when := func(s string) string { return policy("{rules: [{when: [" + s + "]}]}") }
	peer := func(name, spec string) string {
		return "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: " + name + ", namespace: shop}\nspec: " + spec + "\n"
	}
	accounts := strings.TrimSuffix(strings.Repeat("a, ", 17), ", ")
	for text, says := range map[string]string{
		strings.Replace(policy("{}"), "v1", "v1alpha1", 1): "version v1alpha1",

		policy("{rulez: []}"):                              "no field spec.rulez",
		policy("{targetRefs: [{kind: Service, name: a}]}"): "cannot be judged",
		policy("{targetRef: {kind: Service, name: a}}"):    "cannot be judged",
		policy("{action: PERMIT}"):                         "not one of ALLOW",
		policy("{action: DENY, rules: []}"):                "DENY is without rules",
		policy("{action: CUSTOM, provider: {name: a}}"):    "CUSTOM is without rules",
		policy("{action: CUSTOM, rules: [{}]}"):            "provider.name",
		policy("{provider: {name: a}}"):                    "beside an action other than CUSTOM",
		policy("{rules: [null]}"):                          "rules[0] is null",
		policy("{rules: [{from: [{}]}]}"):                  "source is missing",
		policy("{selector: {matchLabels: {'a*': b}}}"):     "has a star",
		policy("{selector: {matchExpressions: []}}"):       "no field spec.selector.matchExpressions",
		policy("{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {namespaces: [b]}}]}]}"): "does not go with action CUSTOM",

		source("{}"):                                         "is empty",
		source("{principals: []}"):                           "is empty",
		source("{principals: ['']}"):                         "empty value",
		source("{podLabels: [a]}"):                           "no field",
		source("{ipBlocks: [10.0.0.0/33]}"):                  "no address and no range",
		source("{ipBlocks: ['::ffff:10.0.0.0/104']}"):        "IPv4 address as IPv6",
		source("{serviceAccounts: ['a/*']}"):                 "no service account",
		source("{serviceAccounts: [" + accounts + "]}"):      "Istio takes 16",
		source("{serviceAccounts: [a], namespaces: [b]}"):    "beside `namespaces`",
		source("{trustDomains: ['a*b']}"):                    "no trust domain",
		operation("{}"):                                      "is empty",
		operation("{ports: [80]}"):                           "the field takes",
		operation("{ports: ['80-90']}"):                      "no port",
		operation("{ports: [http]}"):                         "no port",
		operation("{paths: ['/{*}.txt']}"):                   "braces",
		operation("{paths: ['/{**}/{*}']}"):                  "not the last",
		operation("{paths: ['/{*}/a|b']}"):                   "no segment",
		operation("{paths: ['{*}']}"):                        "begins with a slash",
		when("{key: source.ip}"):                             "neither",
		when("{key: hosts, values: [a]}"):                    "no attribute",
		when("{key: 'destination.labels[a]', values: [b]}"):  "no attribute",
		when("{key: 'request.headers[]', values: [b]}"):      "no attribute",
		when("{key: 'request.headers[:path]', values: [b]}"): "`hosts`, `methods` and `paths`",
		when("{values: [b]}"):                                "key is missing",

		peer("a", "{mtls: {mode: NONE}}"):                                                                                                            "not one of",
		peer("a", "{portLevelMtls: {'80': {mode: STRICT}}}"):                                                                                         "without a selector",
		peer("a", "{selector: {matchLabels: {a: b}}, portLevelMtls: {}}"):                                                                            "is empty",
		peer("a", "{selector: {matchLabels: {a: b}}, portLevelMtls: {'0': {}}}"):                                                                     "no port",
		peer("a", "{mtls: {mode: STRICT}}") + peer("b", "{mtls: {mode: PERMISSIVE}}"):                                                                "the older",
		peer("a", "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}}") + peer("b", "{selector: {matchLabels: {c: d}}, mtls: {mode: DISABLE}}"): "the older",
		request("{targetRefs: [{kind: Gateway, name: a}]}"):                                                                                          "cannot be judged",
		request("{jwtRules: [{jwksUri: 'https://a'}]}"):                                                                                              "tokens of every issuer",
		request("{jwtRules: [{issuer: a, jwksUri: 'ftp://a'}]}"):                                                                                     "no address",
		request("{jwtRules: [{issuer: a, jwks: '{'}]}"):                                                                                              "no set of keys",
		request("{jwtRules: [{issuer: a, jwks: '{}', jwksUri: 'https://a'}]}"):                                                                       "beside jwksUri",
		request("{jwtRules: [{issuer: a, audiences: ['']}]}"):                                                                                        "empty value",
		request("{jwtRules: [{issuer: a, fromHeaders: [{prefix: b}]}]}"):                                                                             "name is missing",
		request("{jwtRules: [{issuer: a, spaceDelimitedClaims: [groups]}]}"):                                                                         "cannot be judged",
		request("{jwtRules: [{issuer: a, audience: [b]}]}"):                                                                                          "no field",
		request("{jwtRules: [{issuer: a, jwksUri: 'https://a'}, {issuer: a, jwksUri: 'https://b'}]}"):                                                "in two ways",
		policy("{action: CUSTOM, provider: {name: a}, rules: [{}]}") + "\n---\n" +
			strings.Replace(policy("{action: CUSTOM, provider: {name: b}, rules: [{}]}"), "name: p", "name: q", 1): "asks provider",
	} {
		_, diags := lifted(t, text, under(t, "istio"))
		if !diags.HasErrors() || !strings.Contains(diags[0].Summary, says) || diags[0].Range.IsZero() {
			t.Errorf("%s\nsays %v, not %q", text, diags, says)
		}
	}
}

// TestAgree: statements that say the same may govern the same pods.
func TestAgree(t *testing.T) {
	const text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: NAME, namespace: shop}\nspec: {selector: {matchLabels: {NAME: b}}, mtls: {mode: STRICT}}\n---\n"
	_, diags := lifted(t, strings.ReplaceAll(text, "NAME", "a")+strings.ReplaceAll(text, "NAME", "c"), under(t, "istio"))
	if len(diags) > 0 {
		t.Error(diags)
	}
}

// TestTrustDomains: the field is of 1.30, of which the first patches pass it over.
func TestTrustDomains(t *testing.T) {
	for text, refused := range map[string]map[string]bool{
		"from: [{source: {trustDomains: [a.td]}}]":               {"istio@1.29": true, "istio@1.30": true, "istio@1.31": false},
		"when: [{key: source.trustDomain, notValues: ['a.td']}]": {"istio@1.29": true, "istio@1.30": true, "istio@1.31": false},
	} {
		for engine, want := range refused {
			_, diags := lifted(t, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {rules: [{"+text+"}]}", under(t, engine))
			if diags.HasErrors() != want {
				t.Errorf("%s: %v", engine, diags)
			}
		}
	}
}

// TestDots: before 1.30 what an account with a dot matches hangs on the patch.
func TestDots(t *testing.T) {
	const text = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {rules: [{from: [{source: {serviceAccounts: [a.b]}}]}]}"
	for engine, refused := range map[string]bool{"istio@1.29": true, "istio@1.30": false} {
		if _, diags := lifted(t, text, under(t, engine)); diags.HasErrors() != refused {
			t.Errorf("%s: %v", engine, diags)
		}
	}
}
