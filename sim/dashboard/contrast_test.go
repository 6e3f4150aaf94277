package dashboard

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dske/sim/ladder"
)

// The contrasts that WCAG 2.2 requires at level AA.
const (
	ofText     = 4.5 // success criterion 1.4.3
	ofGraphics = 3   // 1.4.11
)

func TestContrast(t *testing.T) {
	css, err := assets.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, sheet := range []struct {
		text  string
		pairs []string
	}{
		{string(css), []string{"ink paper", "ink page", "ink sunk", "faint paper", "faint page", "faint sunk", "go paper", "go page", "good paper", "good page", "fail paper", "fail page",
			"warn paper", "foe paper", "key paper", "go-ink go", "foe-ink foe", "go go-wash", "good good-wash", "fail fail-wash", "warn warn-wash", "foe foe-wash",
			"ink go-wash", "ink good-wash", "ink fail-wash", "ink foe-wash", "paper high", "paper low", "mid-ink mid"}},
		{ladder.Style, []string{"ink paper", "faint paper", "fail paper"}},
	} {
		for scheme, colours := range schemes(t, sheet.text) {
			for _, pair := range sheet.pairs {
				check(t, scheme, colours, pair, ofText)
			}
		}
	}
	for scheme, colours := range schemes(t, string(css)) {
		for _, pair := range []string{"edge paper", "edge sunk", "none paper", "low paper", "mid paper", "high paper", "go paper", "foe paper", "key paper", "fail paper", "warn paper"} {
			check(t, scheme, colours, pair, ofGraphics)
		}
	}
	for scheme, colours := range schemes(t, ladder.Style) {
		check(t, scheme, colours, "go paper", ofGraphics)
	}
	if c := contrast("#767676", "#ffffff"); math.Abs(c-4.54) > 0.01 { // a well-known value
		t.Errorf("contrast is computed as %v", c)
	}
}

func check(t *testing.T, scheme string, colours map[string]string, pair string, least float64) {
	t.Helper()
	front, back, _ := strings.Cut(pair, " ")
	if c := contrast(colours[front], colours[back]); !(c >= least) {
		t.Errorf("%s: %s %q on %s %q has a contrast of %.2f", scheme, front, colours[front], back, colours[back], c)
	}
}

// schemes returns the light and the dark colours of a style sheet.
func schemes(t *testing.T, css string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{"light": {}, "dark": {}}
	for _, match := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllStringSubmatch(css, -1) {
		all["light"][match[1]], all["dark"][match[1]] = match[2], match[3]
	}
	if len(all["dark"]) > 0 {
		return all
	}
	light, dark, found := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there are no dark colours")
	}
	for scheme, text := range map[string]string{"light": light, "dark": dark} {
		for _, match := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			all[scheme][match[1]] = match[2]
		}
	}
	return all
}

// contrast returns the contrast of two colours such as #15191e, or NaN if one of them is not a
// colour.
func contrast(a, b string) float64 {
	light, dark := luminance(a), luminance(b)
	return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
}

// luminance returns the relative luminance of WCAG, from 0 to 1.
func luminance(colour string) float64 {
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		return math.NaN()
	}
	channel := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}
