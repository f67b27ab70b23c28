package lift

import (
	"fmt"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// Lacking reports the rules of a program that ask for what the profile, by its
// switches, does not have: what becomes of them there is not written down, so
// that they are not judged.
func Lacking(p *ir.Program, f profile.Profile) diag.List {
	var diags diag.List
	told := map[string]bool{}
	report := func(o ir.Origin, what, name string) {
		if key := name + " " + o.Address; f.Switch(name) == "false" && !told[key] {
			told[key] = true
			d := diags.Add(diag.NotEnforced, o.Range, fmt.Sprintf("%s asks for %s, which %s does not have.", o.Address, what, f.Name()),
				fmt.Sprintf("Write it without, or say with %s=true that the cluster does have them.", name))
			d.Address = o.Address
		}
	}
	for _, d := range p.All() {
		r := d.Rule
		if r.Traffic.Requests() != nil {
			report(r.Origin, "HTTP rules", "http_rules")
		}
		if r.Traffic.Names() != nil || byName(r) {
			report(r.Origin, "rules by DNS name", "fqdn_rules")
		}
	}
	return diags
}

func byName(r *ir.Rule) bool {
	for _, p := range r.Peers.List() {
		if _, is := p.(ir.Names); is {
			return true
		}
	}
	return false
}
