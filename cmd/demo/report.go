package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"baregrad/internal/terminal"
	"baregrad/mnist"
)

// worst is the number of mistakes drawn.
const worst = 10

// A judgement is the result of a model on a test set.
type judgement struct {
	confusion [][]int // [actual][predicted]
	mistakes  []int   // the images predicted wrongly, the most confident mistakes first
	predicted []int
	sureness  []float32 // the probability given to the predicted class
}

// judge compares probabilities [n, classes] with the labels of a set.
func judge(probabilities []float32, set mnist.Set, classes int) judgement {
	j := judgement{predicted: make([]int, set.N), sureness: make([]float32, set.N)}
	for range classes {
		j.confusion = append(j.confusion, make([]int, classes))
	}
	for i := range set.N {
		row := probabilities[i*classes : (i+1)*classes]
		for class, p := range row {
			if p > row[j.predicted[i]] {
				j.predicted[i] = class
			}
		}
		j.sureness[i] = row[j.predicted[i]]
		actual := int(set.Labels[i])
		j.confusion[actual][j.predicted[i]]++
		if j.predicted[i] != actual {
			j.mistakes = append(j.mistakes, i)
		}
	}
	slices.SortStableFunc(j.mistakes, func(a, b int) int {
		switch {
		case j.sureness[a] > j.sureness[b]:
			return -1
		case j.sureness[a] < j.sureness[b]:
			return 1
		}
		return 0
	})
	return j
}

// show draws the confusion matrix and the model's most confident mistakes.
func (j judgement) show(w io.Writer, data *mnist.Dataset) {
	screen := mnist.DetectScreen(w)
	fmt.Fprintf(w, "\nConfusion matrix (rows: the label, columns: the prediction)\n%s",
		screen.ConfusionMatrix(j.confusion, data.ClassNames))
	if len(j.mistakes) == 0 {
		return
	}
	fmt.Fprintf(w, "\nThe mistakes it was surest of\n%s", screen.Grid(j.tiles(data)))
}

// tiles returns the model's most confident mistakes.
func (j judgement) tiles(data *mnist.Dataset) (tiles []mnist.Tile) {
	for _, i := range j.mistakes[:min(worst, len(j.mistakes))] {
		tiles = append(tiles, mnist.Tile{
			Pixels: data.Test.Image(i), Rows: data.Test.Rows, Cols: data.Test.Cols,
			Caption: fmt.Sprintf("%s, not %s\n%.0f %% sure", data.ClassNames[data.Test.Labels[i]], data.ClassNames[j.predicted[i]], 100*j.sureness[i]),
		})
	}
	return tiles
}

// argument returns a path as a shell takes it: between quotes if it has spaces, or other characters
// that mean something to a shell.
func argument(path string) string {
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:+,@%="+string(filepath.Separator), r)
	}
	if path != "" && !strings.ContainsFunc(path, special) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// next suggests commands to try after training.
func (c *TrainCommand) next(w io.Writer, dataset, saved string) {
	var commands, whats []string
	suggest := func(command, what string) {
		commands, whats = append(commands, program+" "+command), append(whats, what)
	}
	if saved != "" {
		of := map[string]string{"mnist": "a picture of a digit", "fashion": "a picture of clothes"}[dataset]
		suggest("predict --model "+argument(saved)+" PICTURE.png", "classify "+cmp.Or(of, "a picture"))
		folder := ""
		if dataset == "own" {
			folder = " --data-dir " + argument(c.DataDir)
		}
		suggest("show --model "+argument(saved)+folder, "what is inside it")
	}
	if c.Model == "cnn" {
		suggest("train --model mlp", "one hidden layer: faster, less accurate")
	} else {
		suggest("train --model cnn", "convolutions: slower, more accurate")
	}
	if dataset == "mnist" {
		suggest("train --dataset fashion", "clothes instead of digits: harder")
	}
	suggest("train --device reference --limit 1000", "the same in plain Go loops")
	suggest("devices", "what this machine can compute on")

	command, whole := 0, 0 // widths of the commands, and of both columns together
	for i := range commands {
		command = max(command, utf8.RuneCountInString(commands[i]))
	}
	for i := range commands {
		whole = max(whole, 2+command+2+utf8.RuneCountInString(whats[i]))
	}
	_, columns := terminal.Width(w)
	fmt.Fprintln(w, "\nTry next:")
	for i := range commands {
		if columns > 0 && whole > columns {
			fmt.Fprintf(w, "  %s\n      %s\n", commands[i], whats[i])
		} else {
			fmt.Fprintf(w, "  %-*s  %s\n", command, commands[i], whats[i])
		}
	}
}
