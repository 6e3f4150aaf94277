// Command kubernetes decodes manifests, as strictly as a server of Kubernetes that is told to, into
// its own types, and prints the kind and the name of each. It is a module of its own, so that dske
// does not depend on Kubernetes; the tests of sim/deploy run it.
package main

import (
	"bytes"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// object is what every manifest is.
type object interface{ GetName() string }

// kinds makes an object of each kind, by API version and kind.
var kinds = map[string]func() object{
	"v1 ConfigMap":                 func() object { return new(corev1.ConfigMap) },
	"v1 Secret":                    func() object { return new(corev1.Secret) },
	"v1 Service":                   func() object { return new(corev1.Service) },
	"apps/v1 StatefulSet":          func() object { return new(appsv1.StatefulSet) },
	"networking.k8s.io/v1 Ingress": func() object { return new(networkingv1.Ingress) },
}

func main() {
	for _, file := range os.Args[1:] {
		if err := decode(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

// decode decodes all documents of a file.
func decode(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i, document := range bytes.Split(text, []byte("\n---\n")) {
		var is metav1.TypeMeta
		if err := yaml.Unmarshal(document, &is); err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		kind := is.APIVersion + " " + is.Kind
		if kinds[kind] == nil {
			return fmt.Errorf("document %d: there is no kind %q", i+1, kind)
		}
		o := kinds[kind]()
		if err := yaml.UnmarshalStrict(document, o); err != nil {
			return fmt.Errorf("document %d, %s: %w", i+1, kind, err)
		}
		fmt.Println(kind, o.GetName())
	}
	return nil
}
