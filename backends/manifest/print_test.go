package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// testObject has a spec whose keys have no order of their own.
func testObject(spec any) Object { return objectOf("v1", "K", spec) }

func objectOf(apiVersion, kind string, spec any) Object {
	return Object{APIVersion: apiVersion, Kind: kind, Name: "n", Value: map[string]any{
		"apiVersion": apiVersion,
		"kind":       kind,
		"metadata":   map[string]any{"name": "n"},
		"spec":       spec,
	}}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		name, api, kind, json, want string
	}{
		{
			name: "order and empties", api: "networking.k8s.io/v1", kind: "NetworkPolicy",
			json: `{"kind":"NetworkPolicy","zeta":1,"alpha":2,"status":{},"apiVersion":"networking.k8s.io/v1",
				"metadata":{"uid":null,"creationTimestamp":null,"annotations":{"b":"1","a":"x"},"generation":2,"labels":{"values":"v","key":"k"},"name":"n"},
				"spec":{"egress":[{}],"ingress":[
					{"ports":[{"port":80,"endPort":90,"protocol":"TCP"},{"port":"http"}],
					 "from":[{"podSelector":{"matchExpressions":[{"values":["a","on"],"operator":"In","key":"y"}],"matchLabels":{"app":"web","action":"no"}},"namespaceSelector":{}},
					         {"ipBlock":{"except":["10.1.0.0/16"],"cidr":"10.0.0.0/8"}}]},
					{"from":[]},{}],
				"policyTypes":["Ingress","Egress"],"podSelector":{}}}`,
			want: `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: "n"
  labels:
    key: k
    values: v
  annotations:
    a: x
    b: "1"
  generation: 2
spec:
  podSelector: {}
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - namespaceSelector: {}
      podSelector:
        matchLabels:
          action: "no"
          app: web
        matchExpressions:
        - key: "y"
          operator: In
          values:
          - a
          - "on"
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.1.0.0/16
    ports:
    - protocol: TCP
      port: 80
      endPort: 90
    - port: http
  - from: []
  - {}
  egress:
  - {}
alpha: 2
zeta: 1
`,
		},
		{
			name: "calico", api: "projectcalico.org/v3", kind: "GlobalNetworkPolicy",
			json: `{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"n"},"spec":{
				"applyOnForward":true,"types":["Ingress"],"selector":"a == 'b' \u0026\u0026 has(c)","order":100.5,"tier":"default","namespaceSelector":"all()",
				"ingress":[{"destination":{"ports":["80:90",443],"selector":"all()","namespaceSelector":"global()"},"source":{},"protocol":"TCP","action":"Allow",
					"metadata":{"annotations":{"source":"","destination":null}}},{"source":{},"destination":null},{"action":"Deny","source":{},"destination":{},"http":{}}]}}`,
			want: `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: "n"
spec:
  tier: default
  order: 100.5
  selector: a == 'b' && has(c)
  namespaceSelector: all()
  types:
  - Ingress
  ingress:
  - action: Allow
    protocol: TCP
    destination:
      namespaceSelector: global()
      selector: all()
      ports:
      - "80:90"
      - 443
    metadata:
      annotations:
        destination: null
        source: ""
  - {}
  - action: Deny
    http: {}
  applyOnForward: true
`,
		},
		{
			name: "cilium", api: "cilium.io/v2", kind: "CiliumNetworkPolicy",
			json: `{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"n"},"status":{},"spec":{
				"labels":[{"value":"v","source":"k8s","key":"k"}],"egress":[{"toPorts":[{"rules":{"http":[{"path":"/a","method":"GET"}]},"ports":[{"protocol":"TCP","port":"80"}]}],"toEndpoints":[{}]}],
				"endpointSelector":{},"ingress":[{"fromEndpoints":[{}]}],"enableDefaultDeny":{"egress":false,"ingress":true},"description":"two\nlines"}}`,
			want: `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: "n"
spec:
  description: "two\nlines"
  endpointSelector: {}
  enableDefaultDeny:
    ingress: true
    egress: false
  ingress:
  - fromEndpoints:
    - {}
  egress:
  - toEndpoints:
    - {}
    toPorts:
    - ports:
      - port: "80"
        protocol: TCP
      rules:
        http:
        - method: GET
          path: /a
  labels:
  - key: k
    value: v
    source: k8s
`,
		},
		{
			name: "istio without an action", api: "security.istio.io/v1", kind: "AuthorizationPolicy",
			json: `{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"n"},"status":{},"spec":{"rules":[{}],"selector":{"matchLabels":{"app":"a"}}}}`,
			want: `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: "n"
spec:
  selector:
    matchLabels:
      app: a
  action: ALLOW
  rules:
  - {}
`,
		},
		{
			name: "istio, the empty spec", api: "security.istio.io/v1", kind: "AuthorizationPolicy",
			json: `{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"n"},"status":null,"spec":{}}`,
			want: `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: "n"
spec: {}
`,
		},
		{
			name: "istio, numbers as keys", api: "security.istio.io/v1", kind: "PeerAuthentication",
			json: `{"apiVersion":"security.istio.io/v1","kind":"PeerAuthentication","metadata":{"name":"n"},"spec":{"portLevelMtls":{"8080":{"mode":"STRICT"},"10000":{},"443":{}},"mtls":{"mode":"STRICT"}}}`,
			want: `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: "n"
spec:
  mtls:
    mode: STRICT
  portLevelMtls:
    "443": {}
    "8080":
      mode: STRICT
    "10000": {}
`,
		},
		{
			name: "nothing is known and nothing dropped", api: "v1", kind: "K",
			json: `{"apiVersion":"v1","kind":"K","metadata":{"name":"n"},"status":{"a":null},"spec":{"source":{},"status":{},"x":null,"l":[[],[[1,{"a":[]}],{}],null,{"b":{"c":{}}}]}}`,
			want: `apiVersion: v1
kind: K
metadata:
  name: "n"
spec:
  l:
  - []
  - - - 1
      - a: []
    - {}
  - null
  - b:
      c: {}
  source: {}
  status: {}
  x: null
status:
  a: null
`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			obj := Object{APIVersion: test.api, Kind: test.kind, Name: "n", Value: raw(test.json)}
			for range 2 { // and again with used buffers
				got, err := Append(nil, obj)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != test.want {
					t.Fatalf("got\n%s\nwant\n%s", got, test.want)
				}
			}
		})
	}
}

func TestStreamAndComments(t *testing.T) {
	a := testObject(map[string]any{})
	a.Comments = []string{"escaped: a/b -> a-b", "two\nlines ", "", "control \x1b[1m and \u2028---\u0085"}
	got, err := Stream([]Object{a, testObject(raw(`{"x":1}`))})
	if err != nil {
		t.Fatal(err)
	}
	want := `# escaped: a/b -> a-b
# two
# lines
#
# control \u001b[1m and \u2028---\u0085
apiVersion: v1
kind: K
metadata:
  name: "n"
spec: {}
---
apiVersion: v1
kind: K
metadata:
  name: "n"
spec:
  x: 1
`
	if string(got) != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if got, err := Stream(nil); err != nil || len(got) != 0 {
		t.Errorf("an empty stream is %q, %v", got, err)
	}
}

func TestAppendErrors(t *testing.T) {
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	for _, test := range []struct {
		name, want string
		obj        Object
	}{
		{"nil", "not an object", Object{}},
		{"array", "not an object", Object{Value: []int{1}}},
		{"string", "not an object", Object{Value: "x"}},
		{"value, not pointer", "pass a pointer", Object{Value: struct{}{}}},
		{"cannot marshal", "unsupported", Object{Value: map[string]any{"f": func() {}}}},
		{"no TypeMeta", `its apiVersion is "", not "v1"`, Object{APIVersion: "v1", Kind: "K", Name: "n", Value: &struct{}{}}},
		{"other name", `its name is "n", not "m"`, Object{APIVersion: "v1", Kind: "K", Name: "m", Value: testObject(nil).Value}},
		{"other namespace", `its namespace is "", not "m"`, Object{APIVersion: "v1", Kind: "K", Namespace: "m", Name: "n", Value: testObject(nil).Value}},
		{"metadata", "metadata is not an object", Object{Value: map[string]any{"metadata": 1}}},
		{"duplicate", `key "a" is there twice`, testObject(raw(`{"a":1,"\u0061":2}`))},
		{"deep", "nested", testObject(raw(deep))},
		{"long key", "longer than YAML", testObject(map[string]any{strings.Repeat("k", 1001): 1})},
	} {
		out, err := Append([]byte("kept"), test.obj)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if string(out) != "kept" {
			t.Errorf("%s: appended %q", test.name, out)
		}
	}
	long := strings.Repeat("k", maxKey)
	if _, err := Append(nil, testObject(map[string]any{long: "v", long[1:] + "\u2028": "w"})); err == nil {
		t.Error("an escaped key that is too long is no error")
	}
	out, err := Append(nil, testObject(map[string]any{long: "v"}))
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := yaml.UnmarshalStrict(out, &back); err != nil {
		t.Errorf("the longest key cannot be read: %v", err)
	}
}

// jsonTree makes any JSON value.
func jsonTree(depth int) *rapid.Generator[any] {
	text := rapid.OneOf(rapid.SampledFrom(yaml11), rapid.SampledFrom(plainStrings), rapid.StringN(0, 40, -1))
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Uint64().AsAny(),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).AsAny(),
		text.AsAny(),
	}
	if depth > 0 {
		below := jsonTree(depth - 1)
		keys := rapid.OneOf(text, rapid.SampledFrom([]string{"matchLabels", "source", "status", "ingress", "ports"}))
		leaves = append(leaves,
			rapid.SliceOfN(below, 0, 4).AsAny(),
			rapid.MapOfN(keys, below, 0, 4).AsAny(),
			rapid.SliceOfN(below, 0, 4).AsAny(),
			rapid.MapOfN(keys, below, 0, 4).AsAny(),
		)
	}
	return rapid.OneOf(leaves...)
}

// normal makes JSON values comparable: every number a float64.
func normal(t interface{ Fatal(...any) }, data []byte) any {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnyValueReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Nothing of this group is dropped below the top.
		obj := objectOf("networking.k8s.io/v1", "NetworkPolicy", jsonTree(5).Draw(t, "spec"))
		want, err := json.Marshal(obj.Value)
		if err != nil {
			t.Fatal(err)
		}
		text, err := Append(nil, obj)
		if err != nil {
			t.Fatal(err)
		}
		checkForm(t, text)
		got, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(normal(t, got), normal(t, want)) {
			t.Fatalf("got %s\nwant %s\n%s", got, want, text)
		}
		for range 3 {
			if again, _ := Append(nil, obj); string(again) != string(text) {
				t.Fatalf("printed differently:\n%s\n%s", text, again)
			}
		}
	})
}

// checkForm checks what is true of every document.
func checkForm(t interface{ Fatalf(string, ...any) }, text []byte) {
	if len(text) == 0 || text[len(text)-1] != '\n' {
		t.Fatalf("no newline at the end of %q", text)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		if line == "" || strings.HasPrefix(line, "---") || strings.TrimRight(line, " \t\r") != line {
			t.Fatalf("line %q of\n%s", line, text)
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte(`{"a":["b",1.5e3,null,true,{"\u00e9":"\ud83d\ude00 \/ \b"}]}`))
	f.Add([]byte(`{"ingress":[{"source":{},"action":"Allow"}]}`))
	f.Add([]byte(`[[[]],{},"\\",-0]`))
	f.Fuzz(func(t *testing.T, spec []byte) {
		if !json.Valid(spec) {
			return
		}
		text, err := Append(nil, testObject(json.RawMessage(spec)))
		if err != nil {
			return
		}
		checkForm(t, text)
		got, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			if strings.Contains(err.Error(), "cannot unmarshal") || strings.Contains(err.Error(), "value out of range") {
				return // a number beyond what the reader has
			}
			t.Fatalf("%v\n%s", err, text)
		}
		var out struct{ Spec any }
		if err := json.Unmarshal(got, &out); err != nil {
			t.Fatal(err)
		}
		want := any(nil)
		if json.Unmarshal(spec, &want) == nil && !reflect.DeepEqual(out.Spec, want) {
			t.Fatalf("got %v\nwant %v\n%s", out.Spec, want, text)
		}
	})
}

// FuzzParse gives the parser what encoding/json never would.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":"\u12"}`, `{"a"`, `[`, `"\`, `{"a":}`, `[1,]`, `{}{}`, "", "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := printer{}
		p.reset()
		p.text = append(text, '\n')
		if err := p.parse(); err == nil && int(p.nodes[0].next) != len(p.nodes) {
			t.Fatal(fmt.Sprint(p.nodes))
		}
	})
}
