package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dske/node"
)

func TestDirectory(t *testing.T) {
	d, err := node.NewDirectory(false, []node.Enrolment{
		{Name: "carol", Token: "secret", URL: "http://carol", Encryptors: []string{"sam"}, Hubs: []string{"hank"}, Recipient: "age1"},
		{Name: "python", Encryptors: []string{"pam", "pat"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	carol, python := d.Client("carol"), d.ClientOf("pat")
	if carol.Name() != "carol" || python != d.Client("python") || d.Client("sam") != nil || d.ClientOf("carol") != nil {
		t.Error("wrong clients")
	}
	if carol.Token() != "secret" || carol.URL() != "http://carol" || carol.Recipient() != "age1" || !slices.Equal(carol.Encryptors(), []string{"sam"}) {
		t.Errorf("carol is enrolled with %q, %q, %q and %q", carol.Token(), carol.URL(), carol.Recipient(), carol.Encryptors())
	}
	if python.Token()+python.URL()+python.Recipient() != "" || !slices.Equal(python.Encryptors(), []string{"pam", "pat"}) {
		t.Errorf("python is enrolled with %q, %q, %q and %q", python.Token(), python.URL(), python.Recipient(), python.Encryptors())
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

func TestDirectoryFails(t *testing.T) {
	for want, clients := range map[string][]node.Enrolment{
		`client "carol" is enrolled with a zero byte in a text`:      {{Name: "carol", Token: "secret\x00"}},
		`client "carol" is enrolled twice`:                           {{Name: "carol"}, {Name: "carol"}},
		`encryptor "sam" belongs to the clients "carol" and "celia"`: {{Name: "carol", Encryptors: []string{"sam"}}, {Name: "celia", Encryptors: []string{"sam"}}},
	} {
		if _, err := node.NewDirectory(true, clients); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
