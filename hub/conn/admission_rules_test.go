package conn

import (
	"container/heap"
	"testing"
	"time"
)

// arrivals are the moments at which handshakes come, earliest first.
type arrivals []time.Duration

func (a arrivals) Len() int           { return len(a) }
func (a arrivals) Less(i, j int) bool { return a[i] < a[j] }
func (a arrivals) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)        { *a = append(*a, x.(time.Duration)) }
func (a *arrivals) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// TestTenThousandCutAtOnceAreBackWithinHalfAMinute plays pages that obey, on a clock of its own.
func TestTenThousandCutAtOnceAreBackWithinHalfAMinute(t *testing.T) {
	d, start := NewAdmissionLimiter(HandshakeRate, HandshakeBurst, 0), time.Now()
	var coming arrivals
	for i := range 10_000 {
		coming = append(coming, time.Duration(i)*25*time.Microsecond) // a page's first pause: a quarter of a second
	}
	in, last, perSecond := 0, time.Duration(0), map[int]int{}
	for heap.Init(&coming); len(coming) > 0; {
		at := heap.Pop(&coming).(time.Duration)
		wait, ok := d.enter(start.Add(at))
		if !ok {
			heap.Push(&coming, at+wait)
			continue
		}
		in, last = in+1, at
		perSecond[int(at.Seconds())]++
	}
	if in != 10_000 || last > 30*time.Second {
		t.Errorf("%d are in after %s", in, last)
	}
	for second, n := range perSecond {
		if second > 0 && n > HandshakeRate+HandshakeRate/10 {
			t.Errorf("%d came in in second %d", n, second)
		}
	}
}

func TestThoseTurnedAwayAtOneMomentComeBackAtDifferentOnes(t *testing.T) {
	d, now := NewAdmissionLimiter(0.001, 1, 0), time.Now()
	d.enter(now)
	moments := map[time.Duration]bool{}
	for range 2 * returnRate * int(longestWait/time.Second) { // more than fit
		wait, in := d.enter(now)
		if in || wait < leastWait || wait > longestWait {
			t.Fatalf("in %v, wait %s", in, wait)
		}
		moments[wait] = true
	}
	if len(moments) < returnRate*int(longestWait/time.Second) {
		t.Errorf("only %d moments", len(moments))
	}
}
