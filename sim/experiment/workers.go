package experiment

import "sync"

// workers do jobs, each at once. There are as many of them as there were jobs at the same time: a
// goroutine for each job would spend a while on making its stack as large as they need it.
type workers struct {
	jobs chan func() // to those who have nothing to do; has no buffer
	all  sync.WaitGroup
}

// do has a job done, and does not wait for that.
func (w *workers) do(job func()) {
	select {
	case w.jobs <- job:
	default:
		w.all.Go(func() {
			job()
			for job := range w.jobs {
				job()
			}
		})
	}
}

// end waits until all is done.
func (w *workers) end() {
	close(w.jobs)
	w.all.Wait()
}
