package node

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/labstack/echo/v4"
)

func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		router, goOn := NewRouter(slog.New(slog.DiscardHandler), nil), make(chan struct{})
		router.GET("/", func(c echo.Context) error {
			<-goOn
			return c.NoContent(http.StatusOK)
		}, AtOnce(2, "things"))
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			router.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			return w
		}
		codes := make(chan int, 2)
		for range 2 {
			go func() { codes <- ask().Code }()
		}
		synctest.Wait()
		if w := ask(); w.Code != 503 || strings.TrimSpace(w.Body.String()) != `{"message":"Too many things at once.","details":{"limit":2}}` {
			t.Errorf("the third: %d %s", w.Code, w.Body)
		}
		close(goOn)
		if a, b := <-codes, <-codes; a != 200 || b != 200 {
			t.Errorf("the first two: %d, %d", a, b)
		}
		if w := ask(); w.Code != 200 {
			t.Errorf("after them: %d", w.Code)
		}
	})
}
