package desk

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"

	"github.com/xuri/excelize/v2"

	"mstm/shop"
)

// attach names the file that the browser saves.
func attach(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// financeCSV streams the export as RFC 4180 has it, in UTF-8 with the mark by which Excel
// knows that.
type financeCSV struct {
	w    http.ResponseWriter
	name string
	out  *csv.Writer // nil until the first rows are there: until then the answer may be a refusal
}

func (f *financeCSV) rows(rows []shop.FinanceRow) error {
	if f.out == nil {
		attach(f.w, "text/csv; charset=utf-8", f.name+".csv")
		f.w.WriteHeader(http.StatusOK)
		f.out = csv.NewWriter(f.w)
		f.out.UseCRLF = true
		if _, err := f.w.Write([]byte("\uFEFF")); err != nil {
			return err
		}
		if err := f.out.Write(shop.FinanceHeader()); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := f.out.Write(row.Text()); err != nil {
			return err
		}
	}
	return nil
}

func (f *financeCSV) end() error {
	f.out.Flush()
	return f.out.Error()
}

func (f *financeCSV) begun() bool { return f.out != nil }
func (f *financeCSV) close()      {}

// financeBook is the export as a workbook. Rows beyond a few megabytes wait in a temporary
// file until the end.
type financeBook struct {
	w                 http.ResponseWriter
	name              string
	file              *excelize.File
	out               *excelize.StreamWriter
	row               int
	day, time, amount [2]int // styles, of movements and of sums
	sent              bool
}

const (
	xlsxType  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	sheetName = "finance"
)

func newFinanceBook(w http.ResponseWriter, name string) (*financeBook, error) {
	b := &financeBook{w: w, name: name + ".xlsx", file: excelize.NewFile()}
	err := b.file.SetSheetName("Sheet1", sheetName)
	for i, font := range []*excelize.Font{nil, {Bold: true}} {
		for format, style := range map[string]*int{"yyyy-mm-dd": &b.day[i], "hh:mm:ss": &b.time[i], "#,##0.00": &b.amount[i]} {
			var e error
			*style, e = b.file.NewStyle(&excelize.Style{CustomNumFmt: &format, Font: font})
			err = errors.Join(err, e)
		}
	}
	if err == nil {
		b.out, err = b.file.NewStreamWriter(sheetName)
	}
	if err == nil {
		err = errors.Join(b.out.SetColWidth(1, 14, 14), b.out.SetColWidth(4, 7, 30), b.out.SetColWidth(9, 9, 40), b.out.SetColWidth(15, 15, 20),
			b.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	}
	header := make([]any, 0, len(shop.FinanceHeader()))
	for _, h := range shop.FinanceHeader() {
		header = append(header, h)
	}
	if err == nil {
		err = b.write(header)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("workbook: %w", err), b.file.Close())
	}
	return b, nil
}

func (b *financeBook) write(cells []any) error {
	b.row++
	at, err := excelize.CoordinatesToCellName(1, b.row)
	if err != nil {
		return shop.ErrInvalidQuery.At("from") // more rows than a sheet can have
	}
	return b.out.SetRow(at, cells)
}

func (b *financeBook) rows(rows []shop.FinanceRow) error {
	for _, row := range rows {
		kind := 0
		if row.IsSum() {
			kind = 1
		}
		cells := row.Cells()
		for i, c := range cells {
			switch {
			case c == nil:
			case i == 0:
				cells[i] = excelize.Cell{StyleID: b.day[kind], Value: c}
			case i == 1:
				cells[i] = excelize.Cell{StyleID: b.time[kind], Value: c}
			case i >= 9 && i <= 12:
				cells[i] = excelize.Cell{StyleID: b.amount[kind], Value: c}
			}
		}
		if err := b.write(cells); err != nil {
			return err
		}
	}
	return nil
}

func (b *financeBook) end() error {
	if err := b.out.Flush(); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	attach(b.w, xlsxType, b.name)
	b.sent = true
	b.w.WriteHeader(http.StatusOK)
	_, err := b.file.WriteTo(b.w)
	return err
}

func (b *financeBook) begun() bool { return b.sent }
func (b *financeBook) close()      { _ = b.file.Close() }
