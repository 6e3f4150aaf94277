package experiment

import "sync"

// workers do jobs at once, each in a goroutine. There are as many goroutines as there have been
// jobs at the same time: a new goroutine for each job would spend time on growing its stack.
type workers struct {
	jobs chan func() // to idle workers; unbuffered
	all  sync.WaitGroup
}

// do starts a job, and does not wait for it.
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

// end waits until all jobs are done.
func (w *workers) end() {
	close(w.jobs)
	w.all.Wait()
}
