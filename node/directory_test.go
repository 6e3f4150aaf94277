package node_test

import (
	"fmt"
	"strings"
	"testing"

	"dske/node"
)

func TestDirectory(t *testing.T) {
	d, err := node.NewDirectory(false, []node.Enrolled{
		{Name: "carol", Token: "secret", Encryptors: []string{"sam"}, Hubs: []string{"hank"}},
		{Name: "python", Encryptors: []string{"pam", "pat"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	carol, python := d.Client("carol"), d.ClientOf("pat")
	if carol.Name != "carol" || python != d.Client("python") || d.Client("sam") != nil || d.ClientOf("carol") != nil {
		t.Error("wrong clients")
	}
	if !carol.Uses("hank") || carol.Uses("helen") || python.Uses("hank") {
		t.Error("wrong hubs")
	}
	if !carol.Proves(node.Proof{Token: "secret"}) || carol.Proves(node.Proof{Token: "secret "}) || carol.Proves(node.Proof{Name: "carol"}) || !python.Proves(node.Proof{}) || !python.Proves(node.Proof{Token: "any"}) {
		t.Error("wrong tokens")
	}
	if text := fmt.Sprintf("%v %+v %#v", carol, *carol, d.Clients()); strings.Contains(text, "secret") {
		t.Errorf("a token is shown: %s", text)
	}
	var nobody *node.Directory
	if nobody.Client("carol") != nil || nobody.ClientOf("sam") != nil || nobody.IsOpen() || len(nobody.Clients()) != 0 {
		t.Error("a nil directory is not empty")
	}
}

func TestDirectoryTwice(t *testing.T) {
	for want, clients := range map[string][]node.Enrolled{
		`client "carol" is enrolled twice`:                           {{Name: "carol"}, {Name: "carol"}},
		`encryptor "sam" belongs to the clients "carol" and "celia"`: {{Name: "carol", Encryptors: []string{"sam"}}, {Name: "celia", Encryptors: []string{"sam"}}},
	} {
		if _, err := node.NewDirectory(true, clients); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
