package retrysim

// Pages are records of calls. They grow without being moved.
type pages[T any] struct{ all []*[pageSize]T }

const pageSize = 1 << 12

func (p *pages[T]) at(i uint32) *T { return &p.all[i/pageSize][i%pageSize] }

// grow makes room for i, the first index without.
func (p *pages[T]) grow(i uint32) {
	if i%pageSize == 0 {
		p.all = append(p.all, new([pageSize]T))
	}
}
