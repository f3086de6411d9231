module unbook.example/conformance

go 1.19

require github.com/stripe/stripe-mock v0.203.0
