/* The program behind the injector: it ends at once, so that what is measured is how it came to start. */
int main(void)
{
	return 0;
}
