package catalogue

import "mstm/shop"

// A Card is a course in a list. Price is what the default policy costs; From the
// lowest price of all policies, where that is another; Whole what all of the course costs in the end, 0 where it really is
// free; FreePeriod how long its first free stage is, and After what comes then.
type Card struct {
	ID         string       `json:"id"`
	Title      string       `json:"title"`
	Subtitle   string       `json:"subtitle"`
	Cover      string       `json:"cover"`
	CategoryID string       `json:"category_id"`
	Teacher    TeacherCard  `json:"teacher"`
	Price      shop.Fen     `json:"price_fen"`
	From       *shop.Fen    `json:"from_fen,omitempty"`
	FreeStage  bool         `json:"free_stage,omitempty"`
	FreePeriod *shop.Period `json:"free_period,omitempty"`
	Whole      shop.Fen     `json:"whole_fen"`
	After      *shop.Fen    `json:"after_fen,omitempty"`
	Level      shop.Level   `json:"level,omitempty"`
	Duration   int          `json:"duration_s"`
	Learners   int64        `json:"learners"`
	Lessons    int          `json:"lessons"`
	OnSale     bool         `json:"on_sale"`
}

// A TeacherCard is a teacher on a card.
type TeacherCard struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Intro string `json:"intro,omitempty"`
}

// CardOf is the card of a course.
func CardOf(c *shop.Course) Card {
	card := Card{
		ID: c.ID, Title: c.Title, Subtitle: c.Subtitle, Cover: c.Cover, CategoryID: c.CategoryID,
		Teacher:  TeacherCard{Name: c.Teacher.Name, Title: c.Teacher.Title},
		Learners: c.Learners, Lessons: c.Lessons(), OnSale: c.State == shop.CourseOnSale,
		FreeStage: c.Current().HasFreeStage(), Whole: c.Current().Whole(), Level: c.Level, Duration: c.Duration(),
	}
	if after, ok := c.Current().AfterFree(); ok {
		card.After, card.FreePeriod = &after, c.Current().FreePeriod()
	}
	if p, ok := c.Current().Default(); ok {
		card.Price = p.Price
	}
	if lowest := c.Current().Lowest(); lowest != card.Price {
		card.From = &lowest
	}
	return card
}
