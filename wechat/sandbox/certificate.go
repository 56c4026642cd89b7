package sandbox

import "time"

type certificateView struct {
	SerialNo      string    `json:"serial_no"`
	EffectiveTime string    `json:"effective_time"`
	ExpireTime    string    `json:"expire_time"`
	Encrypted     encrypted `json:"encrypt_certificate"`
}

// certificates answers GET /v3/certificates. A merchant without any (every new one) is a fault:
// {"api":"certificates","status":404}.
func (s *merchant) certificates(*request) (any, error) {
	out := struct {
		Data []certificateView `json:"data"`
	}{}
	for _, c := range s.keys.certificates() {
		sealed, err := encrypt(s.keys.id.APIv3Key, "certificate", randomHex(6), c.pem)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, certificateView{c.serial, stamp(c.cert.NotBefore), stamp(c.cert.NotAfter), sealed})
	}
	return out, nil
}

// issueCertificate answers POST /sandbox/certificates: from now on callbacks to a shop in
// certificate mode are signed with a certificate it has not seen.
func (s *merchant) issueCertificate(*request) (any, error) {
	c, err := s.keys.issue(time.Now())
	return map[string]string{"serial_no": c.serial}, err
}
