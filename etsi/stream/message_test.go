package stream

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The examples come from two implementations: messages of clients of framing A with the answers of
// QUBIP's server, and the output of the serialisers of framing B.
var (
	exampleKSID = uuid.MustParse("11223344-5566-4788-99aa-bbccddeeff00")
	exampleQoS  = QoS{32, 40000, 5000, 10, 0, 5000, 3600, JSON}

	hexURIs = "6170703a2f2f6100" + "6170703a2f2f6200"
	hexQoS  = "00000020" + "00009c40" + "00001388" + "0000000a" + "00000000" + "00001388" + "00000e10"
	hexKSID = "112233445566478899aabbccddeeff00"
	hexMIME = "6170706c69636174696f6e2f6a736f6e"
	chunk   = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

func zeros(n int) string { return strings.Repeat("00", n) }

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestByteExamples(t *testing.T) {
	openA := opening{Source: "app://a", Destination: "app://b", QoS: exampleQoS}
	openB := openA
	openB.isB = true
	for name, example := range map[string]struct {
		service service
		version [3]byte
		payload []byte
		want    string
	}{
		"A open":       {openConnect, versionA, openA.payload(), "01000102 0000013c" + hexURIs + hexQoS + hexMIME + zeros(240) + zeros(16)},
		"A opened":     {openConnect + 1, versionA, opened{OK, exampleQoS, exampleKSID, false}.payload(), "01000103 00000130 00000000" + hexQoS + hexMIME + zeros(240) + hexKSID},
		"A counter":    {openConnect + 1, versionA, opened{QoSNotMet, exampleQoS, exampleKSID, false}.payload(), "01000103 00000130 00000007" + hexQoS + hexMIME + zeros(240) + hexKSID},
		"A not opened": {openConnect + 1, versionA, opened{NoConnection, exampleQoS, exampleKSID, false}.payload(), "01000103 00000004 00000004"},
		"B open":       {openConnect, versionB, openB.payload(), "02010102 0000004d" + hexURIs + hexQoS + hexMIME + "00" + zeros(16)},
		"B opened":     {openConnect + 1, versionB, opened{OK, exampleQoS, exampleKSID, true}.payload(), "02010103 00000041 00000000" + hexQoS + hexMIME + "00" + hexKSID},
		"A get key":    {getKey, versionA, wanted{exampleKSID, 0, 1024}.payload(), "01000104 00000018" + hexKSID + "00000000 00000400"},
		"A key":        {getKey + 1, versionA, got{Chunk: unhex(t, chunk), Metadata: []byte(`{"age":0,"hops":0}`)}.payload(), "01000105 00000042 00000000 00000000 00000020" + chunk + "00000012 7b22616765223a302c22686f7073223a307d"},
		"A no key":     {getKey + 1, versionA, got{Status: NotEnoughKey}.payload(), "01000105 00000004 00000002"},
		"A room":       {getKey + 1, versionA, got{Status: MetadataTooLarge, Needed: 33}.payload(), "01000105 00000008 00000008 00000021"},
		"A close":      {closeStream, versionA, exampleKSID[:], "01000108 00000010" + hexKSID},
		"A closed":     {closeStream + 1, versionA, unhex(t, "00000000"), "01000109 00000004 00000000"},
	} {
		want := unhex(t, example.want)
		if data := (message{example.version, example.service, example.payload}).append(nil); !bytes.Equal(data, want) {
			t.Errorf("%s\n got %x\nwant %x", name, data, want)
		}
		m, err := read(bytes.NewReader(want), 1<<10)
		if err != nil || m.service != example.service || m.version != example.version || !bytes.Equal(m.payload, example.payload) {
			t.Errorf("%s: read as %v, %v", name, m, err)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, isB := range []bool{false, true} {
		want := opening{"app://a", "app://b", exampleQoS, exampleKSID, isB}
		if o, err := parseOpening(want.payload()); err != nil || o != want {
			t.Errorf("%+v, %v, want %+v", o, err, want)
		}
	}
	for _, want := range []opened{{OK, exampleQoS, exampleKSID, false}, {QoSNotMet, exampleQoS, exampleKSID, false}, {Status: InUse}} {
		if o, err := parseOpened(want.payload()); err != nil || o != want {
			t.Errorf("%+v, %v, want %+v", o, err, want)
		}
	}
	if w, err := parseWanted(wanted{exampleKSID, 7, 8}.payload()); err != nil || w != (wanted{exampleKSID, 7, 8}) {
		t.Errorf("%+v, %v", w, err)
	}
	for _, want := range []got{{Index: 3, Chunk: []byte{1}, Metadata: []byte("m")}, {Status: NotEnoughKey}, {Status: MetadataTooLarge, Needed: 7}} {
		if g, err := parseGot(want.payload()); err != nil || !reflect.DeepEqual(g, want) {
			t.Errorf("%+v, %v, want %+v", g, err, want)
		}
	}
}

func TestMalformedMessages(t *testing.T) {
	long := strings.Repeat("x", maxURI+1)
	whole := opening{Source: "app://a", Destination: "app://b", QoS: exampleQoS}
	withMIME := func(size int) []byte { // the last byte is not a NUL
		o := whole
		o.MIME = strings.Repeat("m", size)
		p := o.payload()
		return append(p[:len(p)-mimeSize-ksidSize+size], p[len(p)-ksidSize:]...)
	}
	for name, payload := range map[string][]byte{
		"empty":                   nil,
		"one URI":                 []byte("app://a\x00"),
		"no QoS":                  []byte("app://a\x00app://b\x00"),
		"long source":             opening{Source: long}.payload(),
		"long destination":        opening{Destination: long}.payload(),
		"a byte too few":          whole.payload()[:len(whole.payload())-260],
		"a byte too many":         append(whole.payload(), 0),
		"MIME type without end":   withMIME(17),
		"MIME type of 256":        withMIME(256),
		"nothing but what is due": make([]byte, 2+numbersSize+ksidSize),
	} {
		if name == "a byte too few" {
			payload = append(payload, 'x') // framing B with something after the NUL
		}
		if o, err := parseOpening(payload); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	for _, size := range []int{0, wantedSize - 1, wantedSize + 2} {
		if _, err := parseWanted(make([]byte, size)); !errors.Is(err, errMalformed) {
			t.Errorf("GET_KEY of %d bytes: %v", size, err)
		}
		if _, err := parseKSID(make([]byte, size)); !errors.Is(err, errMalformed) {
			t.Errorf("KSID of %d bytes: %v", size, err)
		}
	}
}

// counter counts the bytes read from it.
type counter struct {
	io.Reader
	read int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func TestLongPayloadIsRefusedUnread(t *testing.T) {
	from := &counter{Reader: io.MultiReader(bytes.NewReader(unhex(t, "01000102 ffffffff")), strings.NewReader("more"))}
	if m, err := read(from, maxRequest); !errors.Is(err, errMalformed) || from.read != headerSize || m.payload != nil {
		t.Errorf("%v after %d bytes, with room for %d more", err, from.read, cap(m.payload))
	}
	if _, err := read(bytes.NewReader(unhex(t, "01000102 00000004 00")), maxRequest); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a payload: %v", err)
	}
}

func FuzzMessage(f *testing.F) {
	whole := opening{Source: "app://a", Destination: "app://b", QoS: exampleQoS}
	f.Add(message{versionA, openConnect, whole.payload()}.append(nil))
	whole.isB = true
	f.Add(message{versionB, openConnect, whole.payload()}.append(nil))
	f.Add(message{versionA, openConnect + 1, opened{OK, exampleQoS, exampleKSID, false}.payload()}.append(nil))
	f.Add(message{versionA, getKey, wanted{exampleKSID, 0, 1024}.payload()}.append(nil))
	f.Add(message{versionA, getKey + 1, got{Chunk: []byte{1}, Metadata: []byte("{}")}.payload()}.append(nil))
	f.Add(message{versionA, getKey + 1, got{Status: MetadataTooLarge, Needed: 1}.payload()}.append(nil))
	f.Add(message{versionA, closeStream, exampleKSID[:]}.append(nil))
	f.Add(unhex(f, "010001ff 00000000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := read(bytes.NewReader(data), maxRequest)
		if err != nil {
			return
		}
		if again := m.append(nil); !bytes.Equal(again, data[:len(again)]) {
			t.Errorf("%x is read, and written as %x", data, again)
		}
		if o, err := parseOpening(m.payload); err == nil {
			if again, err := parseOpening(o.payload()); err != nil || again != o {
				t.Errorf("%+v is written and read as %+v, %v", o, again, err)
			}
		}
		if w, err := parseWanted(m.payload); err == nil && !bytes.Equal(w.payload(), m.payload) {
			t.Errorf("%x is read as %+v", m.payload, w)
		}
		if g, err := parseGot(m.payload); err == nil && g.Status == OK && !bytes.Equal(g.payload(), m.payload) {
			t.Errorf("%x is read as %+v", m.payload, g)
		}
		if o, err := parseOpened(m.payload); err == nil && o.Status == OK && len(o.payload()) != len(m.payload) {
			t.Errorf("%x is read as %+v", m.payload, o)
		}
		_, _ = parseKSID(m.payload)
	})
}
