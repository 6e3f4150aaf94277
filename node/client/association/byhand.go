package association

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// Where PSRD comes in files, the client does nothing out of band. It tells the hub its marks in
// band, signed with slots that each file brings for that purpose and that are in no pool (see
// [protocol.Control]). Refusals of such a message are not signed, so they are hints: a new session
// begins only with a signed answer of the hub.

// FileError says that a message lacks PSRD that comes in files.
type FileError struct {
	Hub string // hub whose file is needed
	Err error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%v; bring a file with PSRD of hub %s (dske psrd issue makes it, dske psrd ingest takes it)", e.Err, e.Hub)
}

func (e *FileError) Unwrap() error { return e.Err }

var (
	// errNoFile says that the client has got no file of the hub.
	errNoFile = errors.New("no file of the hub has been taken in")

	// errStarted says that the hub has started since the session began; the answer may be forged.
	errStarted = errors.New("the hub has started")
)

// isCarried reports whether PSRD comes by courier or in files, so that it cannot be fetched.
func (a *Association) isCarried() bool { return a.courier != nil || a.config.ByHand }

// askBoot asks the hub for its boot ID. The answer is a hint.
func (a *Association) askBoot(ctx context.Context) (uuid.UUID, error) {
	response, err := a.send(ctx, message{method: http.MethodGet, path: protocol.PathBoot})
	if err == nil {
		err = a.refusal(response)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("asking whether the hub is there: %w", err)
	}
	var b protocol.Boot
	if err := protocol.Unmarshal(response.body, &b); err != nil || b.Boot == uuid.Nil {
		return uuid.Nil, fmt.Errorf("asking whether the hub is there: %w", protocol.ErrMalformed)
	}
	return b.Boot, nil
}

// openByHand begins a session with the PSRD that files have brought.
func (t *turn) openByHand(ctx context.Context) (*session, error) {
	if err := t.journal().dropComing(); err != nil {
		return nil, err
	}
	if !t.journal().hasRegistered(t.config.Encryptors) {
		return nil, &FileError{t.hub.Name, errNoFile}
	}
	boot, err := t.askBoot(ctx)
	if err != nil {
		return nil, err
	}
	s := t.newSession(boot)
	if err := t.resume(ctx, s, protocol.Association{}); err != nil {
		s.channel.Close()
		return nil, fmt.Errorf("resuming: %w", err)
	}
	return s, nil
}

// mendByHand is like mend, where PSRD comes in files: the only case to mend is that the hub has
// started.
func (t *turn) mendByHand(ctx context.Context, s *session) (answered, changed bool) {
	switch boot, err := t.askBoot(ctx); {
	case err != nil:
		t.config.Logger.Info("could not ask the hub about a hint", "hub", t.hub.Name, "error", err)
		return false, false
	case boot == s.boot:
		return true, false
	}
	if err := t.succeed(ctx, s); err != nil {
		t.config.Logger.Info("no new session with the hub", "hub", t.hub.Name, "error", err)
		return true, false
	}
	return true, true
}

// succeed begins a new session after s. If the hub does not agree, s continues.
func (t *turn) succeed(ctx context.Context, s *session) error {
	next, err := t.establish(ctx)
	if err != nil {
		return err
	}
	t.forget(s)
	t.begin(next)
	return nil
}

// sayMarks tells the hub the marks and reads its answer. It signs with the slots of the last file
// or, if the hub does not know that file, of an earlier one.
func (t *turn) sayMarks(ctx context.Context, s *session, body []byte) (kept protocol.MarksKept, err error) {
	boot, err := t.askBoot(ctx)
	switch {
	case err != nil:
		return kept, err
	case boot != s.boot:
		return kept, errStarted
	}
	err = &FileError{t.hub.Name, &psrd.ExhaustedError{Needed: protocol.PairSize, Purpose: psrd.ForMarks}}
	for _, b := range t.journal().controls() {
		var control *protocol.Control
		if control, err = t.control(b); err != nil {
			return kept, err
		}
		var answer []byte
		answer, err = t.saySigned(ctx, control, body)
		if err == nil {
			if err := protocol.Unmarshal(answer, &kept); err != nil {
				return kept, err
			}
			return kept, t.keepControl(b.ID)
		}
		var h *hint
		if !errors.Is(err, psrd.ErrExhausted) && !(errors.As(err, &h) && errors.Is(h.said, psrd.ErrUnknownBlock)) {
			return kept, err
		}
	}
	return kept, t.explainShortage(err)
}

// saySigned sends marks signed with the next pair of slots, and returns the answer if that is
// signed. It stores that the slots are spent before it sends.
func (t *turn) saySigned(ctx context.Context, control *protocol.Control, body []byte) ([]byte, error) {
	pair, err := control.Reserve()
	if err != nil {
		return nil, err
	}
	defer pair.Discard()
	block, end := pair.End()
	if err := t.journal().keep(&store.Mark{Block: block, Mark: end}); err != nil {
		return nil, err
	}
	m := message{method: http.MethodPost, path: protocol.PathSignedMarks, header: protocol.SignatureHeader, body: body}
	if m.value, err = pair.SignRequest(protocol.Request{Method: m.method, Path: m.path, Body: body}); err != nil {
		return nil, err
	}
	response, err := t.send(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := t.refusal(response); err != nil {
		return nil, &hint{err}
	}
	if response.encoded {
		return nil, &hint{fmt.Errorf("%w: a Content-Encoding", protocol.ErrMalformed)}
	}
	if err := pair.VerifyResponse(response.header.Values(protocol.SignatureHeader), response.status, response.body); err != nil {
		t.config.Counters.FailedVerifications.Add(1)
		return nil, &hint{err}
	}
	return response.body, nil
}

// control returns the slots of a file, with which marks are signed.
func (t *turn) control(b store.Block) (*protocol.Control, error) {
	if known := t.controls[b.ID]; known != nil {
		return known, nil
	}
	c, err := t.journal().openControl(t.config.Suite, b.ID)
	if err != nil {
		return nil, err
	}
	if t.controls == nil {
		t.controls = map[uuid.UUID]*protocol.Control{}
	}
	t.controls[b.ID] = c
	return c, nil
}

// keepControl gives up the slots of all files except the one that the hub has answered with; the
// hub does the same.
func (t *turn) keepControl(id uuid.UUID) error {
	var drops []store.Record
	for _, b := range t.journal().controls() {
		if b.ID != id {
			drops = append(drops, &store.Drop{Block: b.ID})
			t.closeControl(b.ID)
		}
	}
	return t.journal().keep(drops...)
}

func (t *turn) closeControl(id uuid.UUID) {
	if c := t.controls[id]; c != nil {
		c.Close()
		delete(t.controls, id)
	}
}

// tell tells the hub the marks: out of band or, where PSRD comes in files, signed.
func (t *turn) tell(ctx context.Context, s *session, m protocol.Marks) (kept protocol.MarksKept, err error) {
	body, err := json.Marshal(m)
	switch {
	case err != nil:
	case t.config.ByHand:
		kept, err = t.sayMarks(ctx, s, body)
	default:
		err = t.outOfBand(ctx, message{method: http.MethodPut, path: protocol.PathMarks, body: body}, &kept)
	}
	return kept, err
}
