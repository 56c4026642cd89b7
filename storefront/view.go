package storefront

import (
	"time"

	"mstm/shop/papers"
)

// View are the papers as the API and the pages have them, without their texts.
type View struct {
	Name      string         `json:"name"`
	Slogan    string         `json:"slogan"`
	Logo      string         `json:"logo"`
	Company   string         `json:"company"`
	ICP       string         `json:"icp"`
	Police    string         `json:"police"`
	PoliceURL string         `json:"police_url,omitempty"`
	Contact   papers.Contact `json:"contact"`
	Terms     VersionView    `json:"terms"`
	Privacy   VersionView    `json:"privacy"`
	Refunds   VersionView    `json:"refunds"`
	// Consent are the editions that a learner agrees to; none where the shop has published none.
	Consent []papers.Edition `json:"consent"`
}

// VersionView names the version of a text that holds.
type VersionView struct {
	Title   string     `json:"title"`
	Version int        `json:"version"`
	At      *time.Time `json:"at,omitempty"` // since when
}

// ViewOf shows papers.
func ViewOf(p *papers.Papers) View {
	return View{
		Name: p.Name, Slogan: p.Slogan, Logo: p.Logo, Company: p.Company, ICP: p.ICP, Police: p.Police, PoliceURL: p.PoliceURL(), Contact: p.Contact,
		Terms: ViewVersion(papers.Terms, p.Terms), Privacy: ViewVersion(papers.Privacy, p.Privacy), Refunds: ViewVersion(papers.Refunds, p.Refunds),
		Consent: append([]papers.Edition{}, p.Wanted()...),
	}
}

// ViewVersion shows the version of a text.
func ViewVersion(k papers.Kind, t papers.Text) VersionView {
	v := VersionView{Title: k.Title(), Version: t.Version}
	if !t.At.IsZero() {
		at := t.At.UTC().Truncate(time.Millisecond)
		v.At = &at
	}
	return v
}
