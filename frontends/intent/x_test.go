package intent
import ("testing";"os";"fmt")
func TestX(t *testing.T){
 p := os.Getenv("P"); if p=="" { t.Skip() }
 _, _, d := Load([]string{p}, Options{})
 for _, x := range d { fmt.Println(x, "\n     ", x.Detail); for _, r := range x.Related { fmt.Println("      >", r.Range, r.Message) } }
}
