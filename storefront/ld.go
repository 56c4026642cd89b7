package storefront

import (
	"fmt"
	"strings"

	"mstm/shop"
	"mstm/shop/papers"
)

// thing is an object of schema.org.
type thing map[string]any

func (s *Pages) organization(p *papers.Papers) thing {
	o := thing{"@type": "Organization", "name": p.Name, "url": s.PublicURL + "/"}
	if p.Company != "" {
		o["legalName"] = p.Company
	}
	return o
}

// shopLD describes the shop.
func (s *Pages) shopLD(p *papers.Papers) thing {
	return thing{
		"@context": "https://schema.org", "@type": "WebSite", "name": p.Name, "url": s.PublicURL + "/", "publisher": s.organization(p),
		"potentialAction": thing{
			"@type": "SearchAction", "target": s.PublicURL + "/?q={search_term_string}", "query-input": "required name=search_term_string",
		},
	}
}

// courseLD describes a course and what it costs.
func (s *Pages) courseLD(c *shop.Course, p *papers.Papers) thing {
	address := s.PublicURL + "/courses/" + c.ID
	picture := s.picture(c)
	if strings.HasPrefix(picture, "/") {
		picture = s.PublicURL + picture
	}
	course := thing{
		"@context": "https://schema.org", "@type": "Course", "name": c.Title, "description": summary(c), "url": address, "image": picture,
		"inLanguage": "zh-CN", "provider": s.organization(p),
		"hasCourseInstance": thing{
			"@type": "CourseInstance", "courseMode": "Online", "courseWorkload": workload(c),
			"instructor": thing{"@type": "Person", "name": c.Teacher.Name},
		},
	}
	offers := []thing{}
	for _, policy := range c.Current().Policies {
		category := "Paid"
		if policy.Price == 0 {
			category = "Free"
		}
		offers = append(offers, thing{
			"@type": "Offer", "name": policy.Name, "price": fmt.Sprintf("%d.%02d", policy.Price/100, policy.Price%100), "priceCurrency": "CNY",
			"category": category, "availability": "https://schema.org/InStock", "url": address,
		})
	}
	course["offers"] = offers
	return course
}

// workload is how long the lessons of a course are, in ISO 8601. A lesson without a length counts as a quarter of an hour.
func workload(c *shop.Course) string {
	const unknown = 15 * 60
	seconds := 0
	for _, ch := range c.Chapters {
		for _, l := range ch.Lessons {
			if l.Duration == 0 {
				seconds += unknown
			}
			seconds += l.Duration
		}
	}
	return fmt.Sprintf("PT%dH%dM", seconds/3600, seconds/60%60)
}
