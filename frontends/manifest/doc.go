// Package manifest reads Kubernetes manifests for the frontends: files to
// documents, and documents field by field.
//
//	in, diags := manifest.Read([]string{"deploy/", "-"}, manifest.Options{Stdin: os.Stdin})
//	for _, doc := range in.Documents {
//		doc.Object(fields, &diags, func(o *manifest.Object) {
//			o.Field("spec").Object(func(spec *manifest.Object) {
//				selector, match := spec.Field("podSelector").LabelSelector()
//				...
//
// It reads text as kubectl and the API server do, and refuses what means one
// thing to a person and another to them. What a frontend does not ask for is an
// error: see Object.
package manifest
