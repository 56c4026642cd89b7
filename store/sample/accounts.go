package sample

// Account is an account of a fresh shop. Its password is public knowledge, so production refuses
// to start with such accounts.
type Account struct {
	Username string
	Name     string // shown on the pages
	Role     string
	Password string
}

// Accounts are one for each role, named like it, with the password NAME-demo-password.
func Accounts() []Account {
	return []Account{
		account("learner", "乐学的小周"),
		account("editor", "课程编辑小林"),
		account("marketer", "活动运营小唐"),
		account("finance", "财务小贺"),
		account("support", "客服小暖"),
		account("admin", "店长老秦"),
	}
}

func account(role, name string) Account {
	return Account{Username: role, Name: name, Role: role, Password: role + "-demo-password"}
}
