import { useEffect } from "react";
import css from "@/app/Login.module.css";
import { LoginForm } from "@/app/LoginForm";
import { Mark } from "@/app/Mark";

/** The page for who is not logged in; the page that he asked for comes after it. */
export function Login() {
  useEffect(() => {
    document.title = "Log in · onbeat";
  }, []);
  return (
    <main className={css.login}>
      <div className={css.form}>
        <h1 className={css.title}>
          <Mark /> Log in to onbeat
        </h1>
        <LoginForm />
      </div>
    </main>
  );
}
