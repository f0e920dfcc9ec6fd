package auto

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// gpuMemory is the environment variable that limits the memory that this program may
// take from a GPU or the emulated one. It is a number of bytes, or of KB, MB, GB or TB
// in steps of 1024, as in 4GB or 512 MB. Without it there is no limit.
const gpuMemory = "BAREGRAD_GPU_MEMORY"

// memoryLimit reads gpuMemory. 0 means no limit.
func memoryLimit() (int64, error) {
	text := strings.TrimSpace(os.Getenv(gpuMemory))
	if text == "" {
		return 0, nil
	}
	number := strings.TrimRight(strings.ToUpper(text), "KMGTB ")
	unit := strings.TrimSpace(strings.ToUpper(text)[len(number):])
	scale, known := map[string]float64{"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[unit]
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !known || !(value*scale >= 1 && value*scale < math.MaxInt64) {
		return 0, fmt.Errorf("%s=%s: must be a size such as 4GB or 512MB", gpuMemory, text)
	}
	return int64(value * scale), nil
}
